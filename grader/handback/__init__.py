"""Hand the grades of a class back: exports for learning management systems and people, reports for students."""
