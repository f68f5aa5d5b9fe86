import { compareWithCommitted } from "../support/committed-notebooks";

compareWithCommitted(1);
