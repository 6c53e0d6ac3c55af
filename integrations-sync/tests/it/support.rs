//! What several parts' tests share.

pub mod crm;
pub mod inbox;
