"""ESPHome's C++, generated and compiled for Linux: the program that drivers/esphome_module.yaml describes.

ESPHome writes the sources; its own build system (PlatformIO) wants a tool chain from elsewhere, so g++ compiles them.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

from strangers.environments import HERE, Stranger

CONFIG = HERE / "drivers" / "esphome_module.yaml"
PORT = '("/dev/line")'
REAL_PORT = '((setvbuf(stdout, nullptr, _IOLBF, 0), getenv("LINE")))'  # and each line of its log at once
HEADERS = "#include <sys/ioctl.h>\n#include <unistd.h>\n"
MAKEFILE = """
SOURCES := $(shell find src -name '*.cpp')
module: $(SOURCES:%.cpp=%.o)
\tg++ -o $@ $^ -lpthread
%.o: %.cpp
\tg++ -w -O1 -Isrc -DUSE_HOST -DESPHOME_LOG_LEVEL=ESPHOME_LOG_LEVEL_VERBOSE -fno-exceptions -std=gnu++20 -c $< -o $@
"""


def esphome_module(one: Stranger) -> Path:
    """The program; it opens the terminal that the environment variable LINE names. Compiled once for each config."""
    wanted = hashlib.sha256(CONFIG.read_bytes() + Path(__file__).read_bytes()).hexdigest()[:12]
    folder = one.place / f"module-{wanted}"
    program = folder / "module"
    if not program.is_file():
        for old in one.place.glob("module-*"):
            shutil.rmtree(old)
        folder.mkdir()
        _run([one.place / "bin" / "esphome", "compile", "--only-generate", shutil.copy(CONFIG, folder)], folder)
        sources = folder / "src"
        (folder / ".esphome" / "build" / "module" / "src").rename(sources)
        main = sources / "main.cpp"
        text = main.read_text("utf-8")
        assert text.count(PORT) == 1
        main.write_text(HEADERS + text.replace(PORT, REAL_PORT), "utf-8")
        (folder / "Makefile").write_text(MAKEFILE, "utf-8")
        _run(["make", "-s", "-j2", "module"], folder)
    return program


def _run(command: list[object], folder: Path) -> None:
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
