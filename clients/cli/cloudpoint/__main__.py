"""python -m cloudpoint"""

from cloudpoint.command import main

if __name__ == "__main__":
    main(prog_name="cloudpoint")
