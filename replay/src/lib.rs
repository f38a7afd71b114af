//! A recorded call once more: fold, re-decide, ladder, export.
