"""A computer made of files, and what a check finds on it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from unclouded.app.configuration.config import parse_config
from unclouded.app.doctor.computer import Computer
from unclouded.app.doctor.context import DoctorContext, chosen_devices
from unclouded.core.finding import Finding, Findings


class FakeComputer:
    """Files below ``root``, as /proc and /sys have them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.computer = Computer(root=root)

    def write(self, path: str, text: str) -> Path:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def link(self, path: str, target: Path | str) -> Path:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(target)
        return file

    def process(self, pid: int, name: str, *opened: Path | str) -> None:
        self.write(f"/proc/{pid}/comm", f"{name}\n")
        (self.root / f"proc/{pid}/fd").mkdir(exist_ok=True)
        for number, target in enumerate(opened):
            self.link(f"/proc/{pid}/fd/{number}", target)


def context_for(
    folder: Path, text: str = "", computer: Computer | None = None, ids: Sequence[str] = ()
) -> DoctorContext:
    """What the checks look at, for a configuration in this folder."""
    config = parse_config(text, str(folder / "unclouded.toml"), str(folder / "data"))
    return DoctorContext(
        data=config.data,
        config=config,
        is_named=True,
        devices=chosen_devices(config, ids),
        chosen=bool(ids),
        computer=computer or Computer(),
    )


def found(check: Callable[[DoctorContext], Findings], context: DoctorContext) -> list[Finding]:
    return list(check(context))


def levels(findings: Sequence[Finding]) -> list[str]:
    return [one.level for one in findings]


def text_of(findings: Sequence[Finding]) -> str:
    return "\n".join(f"{one.level} {one.subject}: {one.text} / {one.advice}" for one in findings)
