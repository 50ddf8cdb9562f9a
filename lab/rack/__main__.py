"""`python -m lab.rack`."""

from lab.rack.cli import main

if __name__ == "__main__":
    main()
