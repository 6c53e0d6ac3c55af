//! Clerk's ids.

integrations_core::id! {
    /// A user: `user_…`.
    pub struct UserId;
    /// A session of a user: `sess_…`.
    pub struct SessionId;
    /// A browser or device with sessions: `client_…`.
    pub struct ClientId;
    /// A machine: `mch_…`.
    pub struct MachineId;
    /// A machine token: `mt_…`.
    pub struct MachineTokenId;
}
