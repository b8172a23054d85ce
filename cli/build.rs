//! Has the linker write the places that must be moved at each start in short form: a list of more than a megabyte is
//! read at every start, and stays in memory, otherwise (`docs/decisions/0041-allocator.md`).

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    // The short form is glibc's, from 2.36 on; a linker that does not know it says so and goes on.
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
