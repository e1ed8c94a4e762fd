"""What customers ask again and again: questions found, and near-duplicates counted together."""
