"""`python -m satudata_harvesters.cli` is the command `satudata`."""

from satudata_harvesters.cli import main

if __name__ == "__main__":
    main()
