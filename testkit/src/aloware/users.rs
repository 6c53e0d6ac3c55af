use serde_json::{Value, json};

use super::{
    contacts::phone,
    loose::loosen,
    operations::{Members, Reply, text},
    state::World,
};

/// The users of the account: id, name, status, and the status in words.
pub(crate) const USERS: [(u64, &str, u8, &str); 3] = [
    (42, "Robin Sample", 1, "Available"),
    (43, "Sam Sample", 0, "Offline"),
    (44, "Kim Sample", 4, "On Call"),
];

/// A bare list: no envelope, no pages.
pub(crate) fn list(world: &mut World, _: &Members) -> Reply {
    let users = USERS.into_iter().map(|(id, name, status, words)| {
        let mut user = json!({
            "id": id,
            "name": name,
            "email": format!("user{id}@example.com"),
            "agent_status": status,
            "human_readable_agent_status": words,
        });
        if let Value::Object(user) = &mut user {
            loosen(user, &mut world.rng);
        }
        user
    });
    Reply::new(200, users.collect())
}

/// What is known of a number; billed.
pub(crate) fn look_up(world: &mut World, members: &Members) -> Reply {
    let Some(number) = text(members, "phone_number").and_then(|text| phone(&text)) else {
        return Reply::error(400, "Phone number is empty or invalid.");
    };
    let kinds = ["wireless", "landline", "voip"];
    let at = number.bytes().map(usize::from).sum::<usize>();
    let line_type = kinds[at % kinds.len()];
    Reply::new(
        200,
        json!({
            "sid": format!("LU{:016x}", world.rng.u64(..)),
            "line_type": line_type,
            "carrier": "Sample Wireless",
            "cnam_city": "WASHINGTON",
            "cnam_state": "DC",
            "cnam_country": "US",
            "data": {"phone_number": number},
        }),
    )
}
