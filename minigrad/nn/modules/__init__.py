"""The layers, one file for each family, under torch's file names."""
