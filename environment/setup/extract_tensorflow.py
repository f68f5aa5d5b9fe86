"""Takes out of TensorFlow's wheel what tfjs-node's addon needs, two shared libraries and the C headers, and out of NVIDIA's their libraries.

Usage: extract_tensorflow.py FOLDER WHEEL...
"""
import pathlib
import shutil
import sys
import zipfile

LIBRARIES = ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2")
HEADERS = (
    "tensorflow/c/",
    "tensorflow/core/platform/ctstring",
    "tsl/platform/ctstring",
    "xla/tsl/c/",
)


def main(folder: str, *wheels: str) -> None:
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            extract = extract_nvidia if pathlib.Path(wheel).name.startswith("nvidia") else extract_tensorflow
            extract(archive, pathlib.Path(folder))


def extract_tensorflow(archive: zipfile.ZipFile, target: pathlib.Path) -> None:
    for library in LIBRARIES:
        copy(archive, f"tensorflow/{library}", target / "lib" / library)
    copy(archive, "tensorflow/include/LICENSE", target / "LICENSE")
    for name in archive.namelist():
        header = name.removeprefix("tensorflow/include/")
        if header != name and header.startswith(HEADERS) and header.endswith(".h"):
            copy(archive, name, target / "include" / header)


def extract_nvidia(archive: zipfile.ZipFile, target: pathlib.Path) -> None:
    for name in archive.namelist():
        if "/lib/lib" in name and ".so" in name or name.endswith(("License.txt", "LICENSE.txt")):
            copy(archive, name, target / name)


def copy(archive: zipfile.ZipFile, name: str, target: pathlib.Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(name) as source, open(target, "wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)


if __name__ == "__main__":
    main(*sys.argv[1:])
