//! `keyway completions`: scripts by which a shell completes commands and flags.

use clap::{Args as ClapArgs, CommandFactory};
use clap_complete::Shell;

use super::Line;
use crate::error::Exit;
use crate::output;

/// Print the script by which a shell completes `keyway`
///
/// bash:        keyway completions bash > ~/.local/share/bash-completion/completions/keyway
/// zsh:         keyway completions zsh > "${fpath[1]}/_keyway"
/// fish:        keyway completions fish > ~/.config/fish/completions/keyway.fish
/// PowerShell:  keyway completions powershell >> $PROFILE
#[derive(ClapArgs)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Carries the command out.
pub fn main(args: &Args) -> Exit {
    let mut script = vec![];
    clap_complete::generate(args.shell, &mut Line::command(), "keyway", &mut script);
    output::result(&String::from_utf8_lossy(&script));
    Exit::Done
}
