/* The executable: signals, then the Lua face. */
#include "luabind/face.h"

#include <signal.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = mig_face_interrupt;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN; /* a reader that went away is a failed write, not a death */
    sigaction(SIGPIPE, &action, NULL);
    return mig_face_run(argc, argv);
}
