"""Shows people what is done: a line that moves for each piece of work on a terminal, plain lines elsewhere."""

import contextlib
import threading
from collections.abc import Iterator
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Display:
    """Lines about work that is under way; used from several threads. As a context manager it shows and then clears."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )

    def __enter__(self) -> "Display":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, sentence: str) -> None:
        """Work begins."""
        with self._lock:
            self._tasks[sentence] = self._progress.add_task(sentence, total=None)

    def finish(self, sentence: str, seconds: float) -> None:
        """Work is done."""
        self._end(sentence, f"  [green]✓[/] {sentence} [dim]({seconds:.1f} s)[/]")

    def fail(self, sentence: str, seconds: float) -> None:
        """Work failed; the reason is told elsewhere."""
        self._end(sentence, f"  [red]✗[/] {sentence} [dim]({seconds:.1f} s)[/]")

    def say(self, line: str) -> None:
        """A line of its own, as it is."""
        self.console.print(line, markup=False)

    def heading(self, text: str) -> None:
        """What comes next."""
        self.console.print(f"\n[bold]{text}[/]")

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to another program while the block runs."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def _end(self, sentence: str, line: str) -> None:
        with self._lock:
            self._progress.remove_task(self._tasks.pop(sentence))
            self.console.print(line)
