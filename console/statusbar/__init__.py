"""The status strip: `texts` says what each chip reads (pure), `strip` is the row that folds what does not fit."""
