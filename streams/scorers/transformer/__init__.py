"""Transformers without padding: one comment after the other in one flat row of tokens, in fp32 or int8, and processes that compute."""
