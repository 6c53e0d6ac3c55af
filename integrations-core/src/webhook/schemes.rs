//! The verification schemes.
