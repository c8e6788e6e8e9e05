LIB_common = address base64 chan crc32c deadline fdio intake lineio log msg \
	     msg_auth msg_control msg_intake msg_job msg_spawn net num \
	     options options_list outcome privs resolve sandbox sbuf server \
	     service sock startup tables trailer
