"""What customers say of themselves, as suggestions with a quote: city, job, budget, sizes, ..."""
