LIB_delivery =
