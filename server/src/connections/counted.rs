//! Counts of limits that outlive the process: read when it begins, and written while it counts. What services said of how long
//! nobody is to ask is written at once; requests are gathered, so that one costs no commit of its own.

use std::sync::Arc;
use std::time::Duration;

use connectors::meter::{Kept, Meter, Soon};
use jiff::Timestamp;
use store::counted::Counted;
use store::{Change, Desk, Edit};
use tokio::runtime::Handle;

use super::nanoseconds;

/// How long counts are gathered before they are written: a process that is killed loses so much of them.
const GATHERS: Duration = Duration::from_secs(1);

/// A meter that goes on from what was counted before, and has what it counts written from here on. To be called within the
/// runtime.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) fn meter(desk: &Arc<Desk>) -> Result<Meter, store::Error> {
    let (meter, now) = (Meter::default(), nanoseconds(Timestamp::now()));
    for counted in desk.reader()?.counted(now)? {
        // A clock that went back makes nothing younger than it was.
        let age = u64::try_from(now.saturating_sub(counted.written)).unwrap_or_default();
        let Counted { owner, connector, name, counts, .. } = counted;
        let kept = Kept { owner, connector, name, lasts: Duration::ZERO, counts };
        meter.go_on_from(&kept, Duration::from_nanos(age));
    }
    let (tokio, desk) = (Handle::current(), Arc::downgrade(desk));
    meter.kept_by(move |meter, soon| {
        let Some(open) = desk.upgrade() else { return };
        match soon {
            Soon::AtOnce => write(meter, &open),
            Soon::InAWhile => {
                let (meter, desk) = (meter.clone(), desk.clone());
                tokio.spawn(async move {
                    tokio::time::sleep(GATHERS).await;
                    // Whoever closes the desk has written it.
                    if let Some(desk) = desk.upgrade() {
                        write(&meter, &desk);
                    }
                });
            }
        }
    });
    Ok(meter)
}

/// Has written what was counted since, without waiting for the disk.
pub(crate) fn write(meter: &Meter, desk: &Desk) {
    let written = nanoseconds(Timestamp::now());
    let edits = meter.kept().into_iter().map(|kept| {
        let Kept { owner, connector, name, lasts, counts } = kept;
        let until = written.saturating_add(i64::try_from(lasts.as_nanos()).unwrap_or(i64::MAX));
        Edit::Counted(Counted { owner, connector, name, written, until, counts })
    });
    let edits: Vec<Edit> = edits.collect();
    if !edits.is_empty() {
        // Whether it was written nobody asks: it is done whoever waits.
        drop(desk.post(Change::untold(edits)));
    }
}
