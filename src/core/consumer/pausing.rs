//! Partitions of which nothing is handed over for a while. librdkafka's own pause would throw what it has
//! fetched away, so a paused partition's queue is forwarded nowhere: it fills up, and fetching stops by
//! itself. What had already left that queue is kept aside, and comes first when the partition goes on.

use super::group::Group;
use super::partition::Partition;
use super::subscription::Subscription;

impl Group {
    /// Hands nothing more of `slots` over, or goes on with them. Those that are gone are passed over.
    pub(super) fn set_paused(&mut self, slots: &[u32], is_paused: bool) {
        for slot in slots {
            if let Some(partition) = self.slots.get_mut(slot) {
                partition.pause.by_user = is_paused;
                if is_paused {
                    cut_off(partition, &mut self.subscriptions);
                }
            }
        }
    }
}

/// Takes a partition out of the stream of its subscription, whose intake joins it again when it may go on.
pub(super) fn cut_off(partition: &mut Partition, subscriptions: &mut [Subscription]) {
    let owner = subscriptions.iter_mut().find(|s| s.id == partition.subscription);
    let waiting = owner.map_or_else(Vec::new, |owner| owner.take_waiting(partition.slot));
    let aside = partition.leave_stream();
    // one that was paused again has older records than those that are aside still
    for message in waiting.into_iter().rev() {
        aside.push_front(message);
    }
}
