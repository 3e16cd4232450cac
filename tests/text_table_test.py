#!/usr/bin/env python3
"""Texts as vectors, against the package that the table comes from: equal tokens and vectors to 1e-5 on 10,000 texts of several scripts.

Makes a virtual environment with the package in the home, once. SPARROW_BIN, SPARROW_HOME (with text/ in it). Ends with "N passed, N failed".
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import time

BIN = os.environ.get("SPARROW_BIN", "build/test/sparrow")
HOME = pathlib.Path(os.environ.get("SPARROW_HOME", "build/test-home"))
TEXTS = 10_000

REFERENCE = """
import json, logging, sys
logging.disable(logging.CRITICAL)
import pathlib, wordllama
from wordllama import WordLlama
model = WordLlama.load(cache_dir=pathlib.Path(wordllama.__file__).parent, disable_download=True)
texts = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
model.tokenizer.no_padding()
tokens = [e.ids for e in model.tokenizer.encode_batch(texts, add_special_tokens=False)]
model.tokenizer.enable_padding()
vectors = model.embed(texts)
with open(sys.argv[2], "w", encoding="utf-8") as out:
    for ids, vector in zip(tokens, vectors):
        out.write(json.dumps({"tokens": ids, "vector": vector.tolist()}) + "\\n")
"""

WORDS = {
    "latin": "the of a heist robbery love war Amélie L'Avventura naïve über Çınar Łódź co-operation don't 3:10 U.S.A. x-ray 2001 iPhone".split(),
    "cyrillic": "Сталкер Иди и смотри война и мир любовь космос мальчик ёжик".split(),
    "greek": "Ζορμπάς ο Έλληνας θάλασσα μνήμη".split(),
    "chinese": "重庆森林 卧虎藏龙 英雄 爱情 战争 一部关于抢劫银行的电影".split(),
    "japanese": "千と千尋の神隠し となりのトトロ 七人の侍 アキラ ゴジラ".split(),
    "korean": "기생충 올드보이 살인의 추억 사랑".split(),
    "arabic": "وجدة باب الحديد المومياء حب حرب".split(),
    "hebrew": "ואלס עם באשיר אהבה מלחמה".split(),
    "devanagari": "शोले मदर इंडिया प्यार युद्ध".split(),
    "thai": "สุดเสน่หา ลุงบุญมีระลึกชาติ".split(),
    "rare": ["🎬🍿", "👩‍👩‍👧", "\u200b", "\t", "\n", "  ", "▁", "▁▁", "<s>", "</s>", "<unk>", "<0x41>", "\u00a0", "𝔘𝔫𝔦", "ﷺ", "e\u0301", "\ufeff", "0" * 40, "a" * 70],
}


def texts():
    rng = random.Random(7)
    scripts = list(WORDS)
    made = ["", " ", "a", "\n", "Matrix, The (1999)", " two  spaces ", "<s>start</s>"]
    while len(made) < TEXTS:
        some = rng.sample(scripts, rng.choice([1, 1, 1, 2, 3]))
        words = [rng.choice(WORDS[rng.choice(some)]) for _ in range(rng.randint(1, 40))]
        if rng.random() < 0.3:  # characters of any plane, surrogates left out
            words.append("".join(chr(rng.choice([rng.randint(1, 0x7FF), rng.randint(0x800, 0xD7FF), rng.randint(0xE000, 0x2FFFF)])) for _ in range(5)))
        made.append(rng.choice([" ", " ", " ", ", ", ""]).join(words))
    return made


def main():
    passed = failed = 0

    def check(name, ok, detail=""):
        nonlocal passed, failed
        passed, failed = passed + bool(ok), failed + (not ok)
        print(f"{'ok' if ok else 'FAIL'}  {name} {detail}")

    python = HOME / "text-reference" / "bin" / "python"
    if not python.exists():
        subprocess.run(["python3", "-m", "venv", str(python.parent.parent)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "wordllama==0.4.0.post1"], check=True)
    made = texts()
    source, expected = HOME / "texts.jsonl", HOME / "texts-reference.jsonl"
    source.write_text("".join(json.dumps(t) + "\n" for t in made), encoding="utf-8")
    subprocess.run([str(python), "-c", REFERENCE, str(source), str(expected)], check=True)
    ours = subprocess.run([BIN, "--home", str(HOME), "embed-text", str(source)], check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout.splitlines()
    theirs = expected.read_text(encoding="utf-8").splitlines()
    check("as many answers as texts", len(ours) == len(theirs) == TEXTS, f"{len(ours)} {len(theirs)}")
    tokens = worst = 0
    for text, a, b in zip(made, map(json.loads, ours), map(json.loads, theirs)):
        if a["tokens"] != b["tokens"]:
            tokens += 1
            if tokens <= 3:
                print("      ", repr(text[:80]), a["tokens"][:12], b["tokens"][:12])
        worst = max(worst, max(abs(x - y) for x, y in zip(a["vector"], b["vector"])))
    check("equal tokens", tokens == 0, f"{tokens} of {TEXTS} texts differ")
    check("vectors equal to 1e-5", worst <= 1e-5, f"largest difference {worst:.1e}")
    missing = subprocess.run([BIN, "--home", str(HOME), "embed-text", str(source), "--text-table", str(HOME / "no-such")], capture_output=True, encoding="utf-8")
    check("a folder without a table is an error that says what to do", missing.returncode != 0 and "get_text_table" in missing.stderr, missing.stderr.strip()[:200])
    print(f"{passed} passed, {failed} failed")
    return failed == 0


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
