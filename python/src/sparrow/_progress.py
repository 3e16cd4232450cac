"""Progress of long work: a bar in a notebook, a line in a terminal, or a function of one's own."""
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Optional, Union


class Progress(NamedTuple):
    """What long work reports, a few times a second."""

    stage: str
    done: int
    total: int
    unit: str
    loss: float  # 0 where there is none

    @property
    def share(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 0.0


# None: a bar where somebody sees it; True: a bar; False: nothing; or what is called with each Progress.
ProgressOption = Union[None, bool, Callable[[Progress], Any]]


def in_notebook() -> bool:
    if "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    return shell is not None and hasattr(shell, "kernel")


class Bar:
    """Redrawn at most five times a second; taken away at the end."""

    def __init__(self) -> None:
        self.notebook = in_notebook()
        self.handle: Any = None
        self.drawn = 0.0
        self.open = False

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if self.open and now - self.drawn < 0.2:
            return
        self.drawn, self.open = now, True
        loss = f", loss {progress.loss:.4f}" if progress.loss > 0 else ""
        text = f"{progress.stage}: {100 * progress.share:.0f} %{loss}"
        if self.notebook:
            self.show(f'<progress value="{progress.share:.3f}" max="1"></progress> {text}')
        else:
            filled = int(24 * progress.share)
            sys.stderr.write(f"\r{'#' * filled}{'.' * (24 - filled)} {text}\033[K")
            sys.stderr.flush()

    def show(self, html: str) -> None:
        from IPython.display import HTML, display  # pylint: disable=import-outside-toplevel

        if self.handle is None:
            self.handle = display(HTML(html), display_id=True)
        else:
            self.handle.update(HTML(html))

    def close(self) -> None:
        if not self.open:
            return
        if self.notebook:
            self.show("")
        else:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


class Reporter:
    """with Reporter(progress) as report: report is what the engine calls, or None."""

    def __init__(self, option: ProgressOption) -> None:
        self.bar: Optional[Bar] = None
        self.call: Optional[Callable[[Progress], Any]] = None
        if callable(option):
            self.call = option
        elif option or (option is None and (in_notebook() or sys.stderr.isatty())):
            self.bar = self.call = Bar()

    def __enter__(self) -> Optional[Callable[..., Any]]:
        call = self.call
        if call is None:
            return None
        return lambda *values: call(Progress(*values))

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()
