"""Parts of the fusion ranker: what is known of customers and items, candidates, features, trees."""
