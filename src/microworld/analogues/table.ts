/** The microworld's counterparts of the paper's tasks, in the paper's order. */
import type { Analogue } from "../language/document";
import { agNews } from "./ag-news";
import { cr } from "./cr";
import { mnli } from "./mnli";
import { mpqa } from "./mpqa";
import { mr } from "./mr";
import { mrpc } from "./mrpc";
import { qnli } from "./qnli";
import { qqp } from "./qqp";
import { rte } from "./rte";
import { snli } from "./snli";
import { sst2 } from "./sst-2";
import { sst5 } from "./sst-5";
import { subj } from "./subj";
import { trec } from "./trec";

export const analogues: readonly Analogue[] = [sst2, sst5, mr, cr, mpqa, subj, trec, agNews, mnli, snli, qnli, rte, mrpc, qqp];
