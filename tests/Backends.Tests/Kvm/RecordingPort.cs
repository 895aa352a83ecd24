using VmBus.Kvm;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>A device that writes down what reaches it, and answers with numbers.</summary>
internal sealed class RecordingPort(ushort first, int count) : IPortDevice
{
    private readonly List<(int Offset, int Size, uint? Written)> _accesses = [];
    private uint _answers;

    public ushort FirstPort => first;

    public int PortCount => count;

    public IReadOnlyList<(int Offset, int Size, uint? Written)> Accesses
    {
        get
        {
            lock (_accesses)
                return [.. _accesses];
        }
    }

    public uint Read(int offset, int size)
    {
        lock (_accesses)
            _accesses.Add((offset, size, null));
        return 0xA0B0_C0D0 + ++_answers;
    }

    public void Write(int offset, int size, uint value)
    {
        lock (_accesses)
            _accesses.Add((offset, size, value));
    }
}
