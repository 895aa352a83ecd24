// What hv_vss_daemon does with a message (Linux tools/hv/hv_vss_daemon.c), as the kernel's vss_on_msg reads it
// (drivers/hv/hv_snapshot.c). Bytes in, bytes out.

using System.Runtime.InteropServices;
using VmBus.Integration;

namespace VmBus.Linux;

/// <summary>Freezes and thaws, and never leaves volumes frozen that would not be thawed.</summary>
internal sealed class VssDaemonService(IVolumeFreezer freezer) : IUtilService
{
    private IcVssOperation _last;

    public uint? DriverVersion { get; private set; }

    public bool IsFrozen { get; private set; }

    public int MessageLength => IcVssDaemonMessage.Size;

    public void WriteGreeting(Span<byte> message) => message[0] = (byte)IcVssOperation.Register;

    public bool TryTakeGreeting(ReadOnlySpan<byte> answer)
    {
        if (answer.Length != sizeof(uint))
            return false;
        DriverVersion = MemoryMarshal.Read<uint>(answer);
        return true;
    }

    public bool Answer(Span<byte> message)
    {
        ref IcVssDaemonMessage body = ref MemoryMarshal.AsRef<IcVssDaemonMessage>(message);
        _last = body.Header.Operation;
        IcStatus status = _last switch
        {
            IcVssOperation.HotBackup => freezer.CheckHotBackup(),
            IcVssOperation.Freeze => Freeze(),
            IcVssOperation.Thaw => Thaw(),
            _ => IcStatus.NotSupported,
        };
        Write(ref body, status);
        return status == IcStatus.Success;
    }

    public void Fail(Span<byte> message) => Write(ref MemoryMarshal.AsRef<IcVssDaemonMessage>(message), IcStatus.Fail);

    // What is frozen is not known then: the end thaws.
    public bool Outlives(Exception error) => false;

    public void AnswerWasLate()
    {
        if (_last == IcVssOperation.Freeze)
            Ended();
    }

    public void Ended()
    {
        if (IsFrozen)
            Thaw();
    }

    private IcStatus Freeze()
    {
        // Also for one that throws, having frozen some.
        IsFrozen = true;
        IcStatus status = freezer.Freeze();
        IsFrozen = status == IcStatus.Success;
        return status;
    }

    private IcStatus Thaw()
    {
        IcStatus status = freezer.Thaw();
        if (status == IcStatus.Success)
            IsFrozen = false;
        return status;
    }

    // The status lies where the kernel looks for an operation first, and 0x80 and 0x81 are greetings.
    private static void Write(ref IcVssDaemonMessage body, IcStatus status)
        => body.Status = (byte)status is (byte)IcVssOperation.LegacyRegister or (byte)IcVssOperation.Register ? IcStatus.Fail : status;
}
