"""How the shipped models are made: one module a model, each with a function ``train``.

``train(data, random_state=0, progress=True)`` takes the folder of the corpora and returns the
fitted model and its cross-validated figures. Nothing here is imported at run time.
"""
