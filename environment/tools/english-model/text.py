"""Writes the text that the English model is pretrained on: one file for each source, one document a line.

  usage: python text.py --corpora DIR --wordnet DIR --books DIR --phrases SST-2/train.tsv --tasks data/english/tasks
                        --held-out FILE... --out DIR

  --corpora   nltk_data's packages/corpora as they are: comparative_sentences.zip, inaugural.zip, masc_tagged.zip,
              movie_reviews.zip, product_reviews_2.zip, pros_cons.zip, state_union.zip (product_reviews_1 holds CR's sentences
              and is left out)
  --wordnet   the folder with data.noun, data.verb, data.adj and data.adv of WordNet 3.0
  --books     books in the public domain as AUTHOR/TITLE.md with a line "## Year: 1922": the repository classic-books-markdown,
              of which those since 1910 are read
  --phrases   SST-2's training file
  --tasks     the English tasks: their training sentences are read without labels
  --held-out  files of test sentences, .tsv or .csv; the test files of --tasks are among them anyway

A line that holds a test sentence is left out: letters and digits in lower case are compared.
"""
import argparse
import csv
import re
import zipfile
from pathlib import Path

LONGEST = 90    # words of a document: with its special tokens it fits into a row
SINCE = 1910  # the oldest books
GRAM = 20       # a test sentence of fewer letters counts only where it is the whole line


def key(text):
    return re.sub(r"[^a-z0-9]+", "", text.lower())


class HeldOut:
    def __init__(self, sentences):
        keys = {key(sentence) for sentence in sentences} - {""}
        self.short = {k for k in keys if len(k) < GRAM}
        self.long = {}
        for k in keys - self.short:
            self.long.setdefault(k[:GRAM], []).append(k)

    def __contains__(self, text):
        k = key(text)
        if k in self.short:
            return True
        return any(k.startswith(whole, at) for at in range(len(k) - GRAM + 1) for whole in self.long.get(k[at:at + GRAM], ()))


def cells(path):
    """All cells of a table of test sentences, numbers and all."""
    with open(path, encoding="utf-8", newline="") as file:
        delimiter, quoting = ("\t", csv.QUOTE_NONE) if path.suffix == ".tsv" else (",", csv.QUOTE_MINIMAL)
        for row in csv.reader(file, delimiter=delimiter, quoting=quoting):
            yield from (cell for cell in row if len(key(cell)) > 3)


def in_zip(path, accept):
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if accept(name) and not name.endswith(("/", "README", "README.txt")):
                yield name, archive.read(name).decode("utf-8", "replace")


def documents(lines):
    """Neighbouring lines joined into documents of at most LONGEST words; an empty line ends a document."""
    words = []
    for line in lines:
        own = line.split()
        if words and (not own or len(words) + len(own) > LONGEST):
            yield " ".join(words)
            words = []
        words += own[:LONGEST]
    if words:
        yield " ".join(words)


def sentences(text):
    return re.split(r"(?<=[.!?])\s+", text)


def corpora(folder):
    reviews = [text.splitlines() + [""] for _, text in in_zip(folder / "movie_reviews.zip", lambda name: name.endswith(".txt"))]
    yield "film-reviews", [line for review in reviews for line in review]
    tagged = (text for _, text in in_zip(folder / "masc_tagged.zip", lambda name: "categories" not in name and name.endswith(".txt")))
    yield "masc", [re.sub(r"(\S+)_\S+", r"\1", line) for text in tagged for line in [*text.splitlines(), ""]]
    for name in ["state_union", "inaugural"]:
        speeches = (text for _, text in in_zip(folder / f"{name}.zip", lambda file: file.endswith(".txt")))
        yield name.replace("_", "-"), [line for text in speeches for paragraph in text.split("\n\n") for line in [*sentences(paragraph.replace("\n", " ")), ""]]
    marked = (text for _, text in in_zip(folder / "product_reviews_2.zip", lambda file: file.endswith(".txt")))
    yield "product-reviews", [line.split("##")[-1] if "##" in line else "" for text in marked for line in text.splitlines()]
    pros = (text for _, text in in_zip(folder / "pros_cons.zip", lambda file: file.endswith(".txt")))
    yield "pros-cons", [row for text in pros for line in re.findall(r"<(?:Pros|Cons)>(.*?)</", text) for row in [line.replace("&amp;", "&"), ""]]
    compared = (text for _, text in in_zip(folder / "comparative_sentences.zip", lambda file: "labeled" in file))
    yield "comparisons", [row for text in compared for line in text.splitlines() if not re.match(r"[\d*<]", line) for row in [re.sub(r"</?cs-?\d?>", "", line), ""]]


def wordnet(folder):
    for part in ["noun", "verb", "adj", "adv"]:
        for line in open(folder / f"data.{part}", encoding="utf-8"):
            if line.startswith("  "):
                continue
            fields, gloss = line.split("|", 1)
            fields = fields.split()
            names = [re.sub(r"\(.*\)", "", fields[4 + 2 * i]).replace("_", " ") for i in range(int(fields[3], 16))]
            yield f"{', '.join(names)}: {gloss.strip()}"
            yield ""


def books(folder):
    for path in sorted(folder.glob("*/*.md")):
        text = path.read_text(encoding="utf-8")
        year = re.search(r"^## Year: *(\d+)", text, re.M)
        if not year or int(year[1]) < SINCE:
            continue
        for line in text.split("-------", 1)[-1].splitlines():
            if line.startswith("#"):
                yield ""
            elif line.strip():
                yield from sentences(re.sub(r"[*_\\]+", "", line.strip()))


def phrases(path):
    """SST-2's phrases, those left out that are part of another."""
    rows = sorted({line.split("\t")[0].strip() for line in open(path, encoding="utf-8")}, key=lambda row: (-len(row), row))
    kept, seen = [], set()
    for row in rows:
        words = row.split()
        if len(words) < 7 or " ".join(words) in seen:
            continue
        kept += [row, ""]
        seen.update(" ".join(words[i:j]) for i in range(len(words)) for j in range(i + 7, len(words) + 1))
    return kept


def task_sentences(folder):
    rows = {}
    for path in sorted(folder.glob("*/original/train.tsv")):
        for line in open(path, encoding="utf-8"):
            rows.setdefault(line.split("\t")[0], None)
    return [line for row in rows if row != "sentence" for line in [row, ""]]


def main():
    parser = argparse.ArgumentParser()
    for name in ["corpora", "wordnet", "books", "phrases", "tasks", "out"]:
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--held-out", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    tests = [*options.tasks.glob("*/original/test.tsv"), *options.held_out]
    held_out = HeldOut(cell for path in tests for cell in cells(path))
    sources = [*corpora(options.corpora), ("wordnet", wordnet(options.wordnet)), ("books", books(options.books)), ("phrases", phrases(options.phrases)), ("task-sentences", task_sentences(options.tasks))]
    options.out.mkdir(parents=True, exist_ok=True)
    for name, lines in sources:
        lines = list(lines)
        kept = [line for line in lines if line not in held_out]
        texts = list(dict.fromkeys(document for document in documents(kept) if len(document.split()) > 2))
        # A test sentence may have stood on two lines.
        texts = [text for text in texts if text not in held_out]
        (options.out / f"{name}.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        print(f"{name}: {len(texts)} documents, {sum(len(text.split()) for text in texts)} words, {len(lines) - len(kept)} lines left out")


if __name__ == "__main__":
    main()
