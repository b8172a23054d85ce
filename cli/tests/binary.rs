//! The binary starts. That this test is here has `cargo test` build the binary, which the tests of the product use.

use std::process::Command;

#[test]
fn the_binary_says_its_version() {
    let output = Command::new(env!("CARGO_BIN_EXE_keyway")).arg("--version").output().expect("it starts");
    let said = String::from_utf8(output.stdout).expect("text");
    assert_eq!(said.trim(), format!("keyway {}", env!("CARGO_PKG_VERSION")));
    assert!(output.status.success() && output.stderr.is_empty());
}
