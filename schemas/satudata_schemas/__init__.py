"""What a dataset must be: the Satu Data contract, its vocabularies, rules and assessment.

Pure Python, no CKAN, no network.
"""
