"""Peer of `sparrow-bench skip-gram`: gensim's Word2Vec on the same corpus with the same settings.

usage: gensim_skip_gram.py CORPUS THREADS VECTORS_OUT. Prints {"seconds": ...}: the train phase only.
"""
import json
import sys
import time

from gensim.models import Word2Vec

corpus, threads, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
model = Word2Vec(vector_size=64, window=5, sg=1, hs=0, negative=5, ns_exponent=0.75, sample=0, min_count=1,
                 epochs=1, alpha=0.025, min_alpha=0.0001, workers=threads, seed=1)
model.build_vocab(corpus_file=corpus)
began = time.perf_counter()
model.train(corpus_file=corpus, total_words=model.corpus_total_words, total_examples=model.corpus_count, epochs=1)
seconds = time.perf_counter() - began
model.wv.save_word2vec_format(out, binary=False)
print(json.dumps({"seconds": seconds}))
