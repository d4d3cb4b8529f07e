"""
Text, which stays sparse
========================

Which words tell what a function is about? Documentation of Python's own standard library, as a sparse matrix of
words, with a class for each field.

    python examples/python/sparse_text.py [FOLDER FOR THE FIGURE]
"""

import importlib
import inspect
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split

import chamfer

# %%
# The documents: what is written at the functions and classes of these modules.
fields = {
    "network": "http.client http.server urllib.request urllib.parse ssl socket smtplib ftplib imaplib email.message",
    "numbers": "decimal fractions statistics random math cmath numbers operator",
    "files": "os shutil pathlib tempfile zipfile tarfile gzip glob filecmp io",
    "tasks": "asyncio.tasks asyncio.events threading multiprocessing.pool concurrent.futures subprocess queue sched",
}


def documents(name):
    module, found = importlib.import_module(name), {}
    for owner in [module, *[value for _, value in inspect.getmembers(module, inspect.isclass)]]:
        for _, member in inspect.getmembers(owner, callable):
            text = inspect.getdoc(member)
            if text and len(text) > 60 and not text.startswith("Return self"):
                found[text] = None
    return list(found)


texts, labels = [], []
for field, names in fields.items():
    of_field = list(dict.fromkeys(text for name in names.split() for text in documents(name)))
    texts += of_field
    labels += [field] * len(of_field)
# What several fields have is of no field.
unique = [k for k, text in enumerate(texts) if texts.count(text) == 1]
texts, labels = [texts[k] for k in unique], np.array(labels)[unique]

# %%
vectorizer = TfidfVectorizer(stop_words="english", min_df=3, token_pattern=r"[a-z]{3,}")
X = vectorizer.fit_transform(texts)
words = vectorizer.get_feature_names_out()
print(f"{X.shape[0]} documents, {X.shape[1]} words, {X.nnz / np.prod(X.shape):.2%} of the entries are not zero")
X, X_test, y, y_test = train_test_split(X, labels, test_size=0.25, random_state=0, stratify=labels)

# %%
# Words are in or out for each class by itself.
model = chamfer.SparseClassifierCV(alphas=30, eps=0.03, metric="accuracy", cv=4).fit(X, y)
print(f"right on {model.score(X_test, y_test):.1%} of held-out documents; the largest class has "
      f"{max(np.mean(y_test == field) for field in fields):.1%}")  # fmt: skip
print(f"{(model.coef_ != 0).any(axis=0).sum()} words in use; gap {model.certificate_.relative_gap:.1e}")

# %%
figure, axes = plt.subplots(1, len(fields), figsize=(11, 4), layout="constrained")
for ax, name, coefficients in zip(axes, model.classes_, model.coef_):
    top = np.argsort(coefficients)[-10:]
    ax.barh(words[top], coefficients[top], color="C0")
    ax.set_title(name)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
figure.supxlabel("coefficient")
figure.savefig(Path(*sys.argv[1:2]) / "sparse_text.png", dpi=150)
