//! One suite for every driver: what holds in memory holds on SQLite.

#![allow(clippy::unwrap_used)]

#[path = "drivers/plans.rs"]
mod plans;
#[path = "drivers/world.rs"]
mod world;

#[path = "drivers/cleaning.rs"]
mod cleaning;
#[path = "drivers/crashes.rs"]
mod crashes;
#[path = "drivers/faults.rs"]
mod faults;
#[path = "drivers/moving.rs"]
mod moving;
#[path = "drivers/sharing.rs"]
mod sharing;
#[path = "drivers/together.rs"]
mod together;
#[path = "drivers/watching.rs"]
mod watching;

/// Makes a test for each driver of each function.
#[macro_export]
macro_rules! for_every_driver {
    ($($name:ident),* $(,)?) => {
        mod in_memory {
            $(#[test] fn $name() { super::$name($crate::world::Kind::Memory); })*
        }
        mod on_sqlite {
            $(#[test] fn $name() { super::$name($crate::world::Kind::Sqlite); })*
        }
    };
}
