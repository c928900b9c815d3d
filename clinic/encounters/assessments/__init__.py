"""Constitution and examination: the prakriti questions, vikriti, the eightfold and the tenfold examination.

What is asked stands in ``data``, one file per version; a row keeps the version it was made with, so that it
reads the same for good. A patient may answer the prakriti questions, a practitioner writes the rest; nothing
is final before a practitioner has confirmed it, and from then on a trigger keeps it as it is.
"""
