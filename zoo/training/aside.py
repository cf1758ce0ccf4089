"""Files that are written while training goes on."""

import threading
import traceback


class Aside:
    """Writes files in a thread, one at a time; of what waits for one file, the newest.

    A context. At its end everything is written; where the block was interrupted, only what is being
    written at that moment.
    """

    def __init__(self):
        self._changed = threading.Condition()
        self._waiting = {}  # {name: what writes it}
        self._thread = None  # that writes, while anything is to be written
        self._error = None

    def put(self, name, write):
        """Has `write()` called soon, instead of what waits under that name.

        Raises:
            Exception: what an earlier one has raised.
        """
        self.look()
        with self._changed:
            self._waiting[name] = write
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="zoo.training.aside")
                self._thread.start()

    def look(self):
        """Raises what an earlier `write()` has raised, once; where it did is in its notes."""
        error, self._error = self._error, None
        if error is not None:
            error.add_note("".join(traceback.format_exception(error)))
            raise error.with_traceback(None)

    def finish(self):
        """Returns when everything is written; raises as `look`."""
        with self._changed:
            self._changed.wait_for(lambda: self._thread is None)
        self.look()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.finish()
            return
        with self._changed:
            if not issubclass(kind, Exception):  # such as KeyboardInterrupt
                self._waiting.clear()
            self._changed.wait_for(lambda: self._thread is None)

    def _run(self):
        while True:
            with self._changed:
                if not self._waiting:
                    self._thread = None
                    self._changed.notify_all()
                    return
                name = next(iter(self._waiting))
                write = self._waiting.pop(name)
            try:
                write()
            except BaseException as error:
                self._error = error
