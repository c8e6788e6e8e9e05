LIB_smtpd =
