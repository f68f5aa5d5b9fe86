/** Where the tasks' data sets come from. */

export interface DataSource {
  /** The data set and its paper. */
  title: string;
  homepage: string;
  /** What its publishers say of its use; the archives that carry it state nothing of their own. */
  licence: string;
  /**
   * MD5 of LM-BFF's published 16-shot split with seed 13 (train, dev), from `data/k-shot/checksum` of princeton-nlp/LM-BFF,
   * where it is drawn from the same files: the paper's SST-2 and CR are not those of LM-BFF, and AG News is not in it.
   */
  splitMd5?: readonly [train: string, dev: string];
}

const NONE = "none stated; distributed for research";
const TREEBANK = {
  title: "Stanford Sentiment Treebank (Socher et al., 2013)",
  homepage: "https://nlp.stanford.edu/sentiment/",
  licence: NONE,
} as const;

/** By the task's name. */
export const DATA_SOURCES: Readonly<Record<string, DataSource>> = {
  "sst-2": { ...TREEBANK, title: `${TREEBANK.title}, as in GLUE`, homepage: "https://gluebenchmark.com/tasks" },
  "sst-5": { ...TREEBANK, splitMd5: ["c446d010f7ea4846be28d58d81169648", "aca7b0130f532a7a3289feaf2c9cf510"] },
  mr: {
    title: "Movie reviews, sentence polarity (Pang and Lee, 2005)",
    homepage: "https://www.cs.cornell.edu/people/pabo/movie-review-data/",
    licence: NONE,
    splitMd5: ["77e589985c38f642b743c00f454a8f72", "0487ece2b558b211787050177529cc15"],
  },
  cr: {
    title: "Customer reviews (Hu and Liu, 2004)",
    homepage: "https://www.cs.uic.edu/~liub/FBS/sentiment-analysis.html",
    licence: NONE,
  },
  mpqa: {
    title: "MPQA opinion corpus (Wiebe et al., 2005)",
    homepage: "https://mpqa.cs.pitt.edu/corpora/mpqa_corpus/",
    licence: "for academic and research purposes only (terms on its page)",
    splitMd5: ["18764f2c39c6fa88b4c3871d79ea3a99", "5d3c82a72ae0319afbe940e4d35ec402"],
  },
  subj: {
    title: "Subjectivity (Pang and Lee, 2004)",
    homepage: "https://www.cs.cornell.edu/people/pabo/movie-review-data/",
    licence: NONE,
    splitMd5: ["9007424294b4a73428032b4ba872d798", "ed1c7a9a31cb8ed53798e5d5c0a0ba6a"],
  },
  trec: {
    title: "TREC question classification (Li and Roth, 2002; Voorhees and Tice, 2000)",
    homepage: "https://cogcomp.seas.upenn.edu/Data/QA/QC/",
    licence: NONE,
    splitMd5: ["50cff1542195f5321cb951ca1d980ec0", "97ca7ed4ec756c13b6233c2d66c97ee5"],
  },
  ag_news: {
    title: "AG's news topic classification, version 3 (Zhang et al., 2015)",
    homepage: "http://groups.di.unipi.it/~gulli/AG_corpus_of_news_articles.html",
    licence: "for research and other non-commercial activity",
  },
  mnli: {
    title: "MultiNLI (Williams et al., 2018), as in GLUE",
    homepage: "https://cims.nyu.edu/~sbowman/multinli/",
    licence: "mostly the OANC's licence, which allows free use; parts under Creative Commons licences (see the paper)",
    splitMd5: ["6c61998bef38ccadacc2df0013035715", "5e84a205fcb8c20d8706df7e5cc7c03f"],
  },
  snli: {
    title: "SNLI (Bowman et al., 2015)",
    homepage: "https://nlp.stanford.edu/projects/snli/",
    licence: "CC BY-SA 4.0",
    splitMd5: ["10672f831d104166efe0d3678303f612", "85e3b9d4646c19709cdd09a36c6dda7e"],
  },
  qnli: {
    title: "QNLI from SQuAD (Rajpurkar et al., 2016), as in GLUE",
    homepage: "https://rajpurkar.github.io/SQuAD-explorer/",
    licence: "CC BY-SA 4.0 (SQuAD)",
    splitMd5: ["4fd9e83941409d616f67a4fb6e68206b", "a54657913dd71710bb0eff9b8c044746"],
  },
  rte: {
    title: "Recognizing Textual Entailment (Dagan et al., 2005, and later challenges), as in GLUE",
    homepage: "https://gluebenchmark.com/tasks",
    licence: NONE,
    splitMd5: ["0aaae3483435626089adbc4ae851b75d", "8fc45ab58e72e16cf90547710f3b5d15"],
  },
  mrpc: {
    title: "Microsoft Research Paraphrase Corpus (Dolan and Brockett, 2005), as in GLUE",
    homepage: "https://www.microsoft.com/en-us/download/details.aspx?id=52398",
    licence: "Microsoft's terms (on its page)",
    splitMd5: ["4ee5a1591a6b385ed235dff1fe0bc2ff", "55da0a2ef25c0bdda9ba0bbe1a757644"],
  },
  qqp: {
    title: "Quora Question Pairs, as in GLUE",
    homepage: "https://quoradata.quora.com/First-Quora-Dataset-Release-Question-Pairs",
    licence: "Quora's terms of service; non-commercial use",
    splitMd5: ["89173509ae29f234632fe2e7805860ba", "14a3c59ae8a5298372923dadc3c86012"],
  },
};
