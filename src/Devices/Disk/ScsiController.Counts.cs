// What a controller counts.

namespace VmBus.Devices;

partial class ScsiController
{
    private readonly Counts _counts = new();

    internal void CountRejected() => _counts.AddRejected();

    internal void Count(ReadOnlySpan<byte> command, ScsiOutcome outcome) => _counts.Add((ScsiOperation)command[0], outcome);

    private sealed class Counts
    {
        private long _reads, _bytesRead, _writes, _bytesWritten, _flushes, _unmaps, _others, _failed, _rejected;

        public void AddRejected() => Interlocked.Increment(ref _rejected);

        public void Add(ScsiOperation operation, ScsiOutcome outcome)
        {
            if (outcome.Sense is not null || outcome.IsLunAbsent)
            {
                Interlocked.Increment(ref _failed);
                return;
            }
            switch (operation)
            {
                case ScsiOperation.Read6 or ScsiOperation.Read10 or ScsiOperation.Read12 or ScsiOperation.Read16:
                    Interlocked.Increment(ref _reads);
                    Interlocked.Add(ref _bytesRead, outcome.Transferred);
                    break;
                case ScsiOperation.Write6 or ScsiOperation.Write10 or ScsiOperation.Write12 or ScsiOperation.Write16:
                    Interlocked.Increment(ref _writes);
                    Interlocked.Add(ref _bytesWritten, outcome.Transferred);
                    break;
                case ScsiOperation.SynchronizeCache10 or ScsiOperation.SynchronizeCache16:
                    Interlocked.Increment(ref _flushes);
                    break;
                case ScsiOperation.Unmap or ScsiOperation.WriteSame16:
                    Interlocked.Increment(ref _unmaps);
                    break;
                default:
                    Interlocked.Increment(ref _others);
                    break;
            }
        }

        public ScsiControllerStatistics Snapshot() => new()
        {
            Reads = Volatile.Read(ref _reads),
            BytesRead = Volatile.Read(ref _bytesRead),
            Writes = Volatile.Read(ref _writes),
            BytesWritten = Volatile.Read(ref _bytesWritten),
            Flushes = Volatile.Read(ref _flushes),
            Unmaps = Volatile.Read(ref _unmaps),
            OtherCommands = Volatile.Read(ref _others),
            FailedCommands = Volatile.Read(ref _failed),
            RejectedPackets = Volatile.Read(ref _rejected),
        };
    }
}
