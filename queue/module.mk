LIB_queue =
