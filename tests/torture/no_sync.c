// A disk whose syncs do nothing, for LD_PRELOAD: the negative control of tests/torture/power_cut.
int fsync(int descriptor);
int fdatasync(int descriptor);

int fsync(int descriptor) {
    (void)descriptor;
    return 0;
}

int fdatasync(int descriptor) {
    (void)descriptor;
    return 0;
}
