//! Cross-crate tests live in `tests/`; the workspace's README compiles here.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
