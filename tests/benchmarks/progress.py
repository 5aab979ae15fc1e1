"""The progress bar of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


class Progress:
    """One bar per group; without a terminal there is none."""

    def __init__(self, group: str) -> None:
        self.group = group

    def over(self, items: Sequence[T], title: Callable[[T], str] = str) -> Iterator[T]:
        """The items one by one, each named on the bar while it is measured."""
        with tqdm(total=len(items), desc=self.group, leave=False, disable=None) as bar:
            for item in items:
                bar.set_postfix_str(title(item))
                yield item
                bar.update()
