use super::{
    operations::{Members, Reply, text},
    state::World,
    users::USERS,
};
use crate::common::effect::Effect;

fn effect(changed: bool) -> Effect {
    if changed {
        Effect::Changed
    } else {
        Effect::Unchanged
    }
}

/// From every list: there is no other way.
pub(crate) fn remove(world: &mut World, members: &Members) -> Reply {
    let contact = text(members, "contact_id").and_then(|id| id.parse::<u64>().ok());
    let Some(contact) = contact.filter(|id| world.contacts.contains_key(id)) else {
        return Reply::message(404, "The requested contact id does not exist.");
    };
    let mut changed = false;
    for list in world.lists.values_mut() {
        let before = list.len();
        list.retain(|id| *id != contact);
        changed |= list.len() != before;
    }
    let said = "The contact has been removed from the Power Dialer lists.";
    Reply::message(200, said).wrote(Some(contact), effect(changed))
}

pub(crate) fn clear(world: &mut World, members: &Members) -> Reply {
    let list = text(members, "list_id").and_then(|id| world.lists.get_mut(&id));
    let Some(list) = list else {
        return Reply::message(404, "The requested list id does not exist.");
    };
    let changed = !list.is_empty();
    list.clear();
    Reply::message(200, "The Power Dialer list has been cleared.").wrote(None, effect(changed))
}

pub(crate) fn clear_user(world: &mut World, members: &Members) -> Reply {
    let user = text(members, "user_id").unwrap_or_default();
    if !USERS.iter().any(|(id, ..)| id.to_string() == user) {
        return Reply::message(404, "The requested user id does not exist.");
    }
    let changed = world.lists.values().any(|list| !list.is_empty());
    for list in world.lists.values_mut() {
        list.clear();
    }
    Reply::message(200, "The Power Dialer lists of the user have been cleared.")
        .wrote(None, effect(changed))
}
