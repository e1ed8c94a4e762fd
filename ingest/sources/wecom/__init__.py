"""WeCom: its conversation archive, decrypted, and its customer records."""
