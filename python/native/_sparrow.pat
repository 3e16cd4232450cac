_sparrow.__suffix__ : class Error(Exception)
    : ""
      "What the engine could not do; the message says what to change."
      ""

      code : str exit_status : int

                               class InvalidInput(Error, ValueError)
    : ... class NotFound(Error, LookupError)
    : ... class Conflict(Error)
    : ... class Unavailable(Error)
    : ... class Corrupt(Error)
    : ... class Exhausted(Error)
    : ...

      __version__ : str
