"""From the texts of a workspace to tables: what is learned, asked, cached and written."""
