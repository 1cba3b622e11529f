"""Pure rules: how text and files are read, who may do what, what became of an order."""
