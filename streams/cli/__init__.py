"""Parse, build, run: the command ``threadwatch``. Each command's module is imported only when it is asked for."""
