// The page on which somebody signs at the clinic.
import { startSignatures } from "./signature.js";

startSignatures(document);
