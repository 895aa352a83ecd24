using System.Buffers.Binary;
using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Kvm;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>One VP of a puppet: the port it asks for commands at. Thread-safe, one command at a time.</summary>
[SupportedOSPlatform("linux")]
internal sealed class PuppetVp(KvmPartition partition, int index) : IPortDevice
{
    private readonly Lock _commanding = new();
    private readonly object _sync = new();
    private PuppetCommand? _command;
    private bool _isWaiting;
    private bool _isReleased;

    public ushort FirstPort => (ushort)(PuppetProgram.FirstPort + 4 * index);

    public int PortCount => 4;

    /// <summary>How many faults its commands have met.</summary>
    public ulong Faults => ReadMailbox(PuppetProgram.Faults);

    /// <summary>How many interrupts it has taken.</summary>
    public ulong Interrupts => ReadMailbox(PuppetProgram.Interrupts);

    /// <summary>Waits until it asks for its first command.</summary>
    public void WaitUntilReady()
    {
        lock (_sync)
            WaitForGuest();
    }

    public ulong Hypercall(ulong control, ulong input, ulong output)
    {
        lock (_commanding)
        {
            Do(PuppetCommand.Hypercall, control, input, output);
            return ReadMailbox(PuppetProgram.Results);
        }
    }

    /// <summary>A hypercall whose input is in memory: written and called in one.</summary>
    public ulong Hypercall(ulong control, ReadOnlySpan<byte> input)
    {
        lock (_commanding)
        {
            input.CopyTo(partition.GuestMemory.Bytes(PuppetProgram.Input(index), input.Length));
            return Hypercall(control, PuppetProgram.Input(index), 0);
        }
    }

    public void WriteRegister(uint register, ulong value) => Do(PuppetCommand.WriteRegister, register, value);

    public ulong ReadRegister(uint register)
    {
        lock (_commanding)
        {
            Do(PuppetCommand.ReadRegister, register);
            return ReadMailbox(PuppetProgram.Results);
        }
    }

    public (uint Eax, uint Ebx, uint Ecx, uint Edx) Cpuid(uint leaf, uint subleaf = 0)
    {
        lock (_commanding)
        {
            Do(PuppetCommand.Cpuid, leaf, subleaf);
            (ulong low, ulong high) = (ReadMailbox(PuppetProgram.Results), ReadMailbox(PuppetProgram.Results + 8));
            return ((uint)low, (uint)(low >> 32), (uint)high, (uint)(high >> 32));
        }
    }

    public void Poke(uint address, uint value) => Do(PuppetCommand.Poke, address, value);

    public void WritePort(ushort port, byte value) => Do(PuppetCommand.WritePort, port, value);

    /// <summary>Runs the guest until every interrupt that waits is taken.</summary>
    public void TakeInterrupts() => Do(PuppetCommand.Nothing);

    /// <summary>Lets the VP go from where it waits for commands: it halts.</summary>
    public void Release()
    {
        lock (_sync)
        {
            _isReleased = true;
            Monitor.PulseAll(_sync);
        }
    }

    // On the VP's own thread: what it was told before is done.
    public uint Read(int offset, int size)
    {
        lock (_sync)
        {
            _isWaiting = true;
            Monitor.PulseAll(_sync);
            while (_command is null && !_isReleased)
                Monitor.Wait(_sync);
            _isWaiting = false;
            PuppetCommand command = _command ?? PuppetCommand.Stop;
            _command = null;
            return (uint)command;
        }
    }

    public void Write(int offset, int size, uint value)
    {
    }

    private void Do(PuppetCommand command, params ReadOnlySpan<ulong> arguments)
    {
        lock (_commanding)
        {
            lock (_sync)
            {
                WaitForGuest();
                Span<byte> mailbox = partition.GuestMemory.Bytes(PuppetProgram.Mailbox(index), 4096);
                for (int i = 0; i < arguments.Length; i++)
                    BinaryPrimitives.WriteUInt64LittleEndian(mailbox[(PuppetProgram.Arguments + 8 * i)..], arguments[i]);
                _command = command;
                _isWaiting = false;
                Monitor.PulseAll(_sync);
                WaitForGuest();
            }
        }
    }

    private void WaitForGuest()
    {
        long started = Environment.TickCount64;
        while (!_isWaiting)
        {
            if (partition.Ended.IsCompleted)
                throw new InvalidOperationException($"The puppet has ended: {partition.Ended.Result}");
            if (Environment.TickCount64 - started > Patience.Limit.TotalMilliseconds)
                throw new InvalidOperationException($"VP {index} of the puppet does not come back, at {Where()}.");
            Monitor.Wait(_sync, 100);
        }
    }

    private string Where()
    {
        KvmRegisters registers = partition.Processors[index].Vp.GetRegisters();
        return $"0x{registers.Rip:x}";
    }

    private ulong ReadMailbox(int offset) =>
        BinaryPrimitives.ReadUInt64LittleEndian(partition.GuestMemory.Bytes(PuppetProgram.Mailbox(index) + (ulong)offset, 8));
}
