"""Starting processes that a test will interrupt."""

import signal


def interruptible():
    """For `preexec_fn`: the process hears Ctrl-C, even where the tests themselves run deaf to it.

    A shell starts what it runs in the background with SIGINT ignored, and children inherit that.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
