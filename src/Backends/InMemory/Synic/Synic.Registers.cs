// The registers of the SynIC, as RDMSR and WRMSR reach them (TLFS 11.8). What a guest must not do is #GP.

using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.InMemory;

internal sealed partial class Synic
{
    // Vectors below 16 are exceptions.
    private const byte FirstVector = 16;

    private readonly SynicSint[] _sints = new SynicSint[SynicMsr.SintCount];
    private ulong _scontrol;
    private SynicPageRegister _siefp;
    private SynicPageRegister _simp;
    private SynicPageRegister _sirbp;
    private nint _eventFlagsPage;
    private nint _messagePage;

    /// <summary>The event-flags page, while SIEFP enables one.</summary>
    public SynicEventFlagsPageView? EventFlagsPage =>
        Volatile.Read(ref _eventFlagsPage) is var address and not 0 ? new SynicEventFlagsPageView(address) : null;

    /// <summary>The message page, while SIMP enables one.</summary>
    public SynicMessagePageView? MessagePage =>
        Volatile.Read(ref _messagePage) is var address and not 0 ? new SynicMessagePageView(address) : null;

    /// <summary>Reads a register.</summary>
    /// <param name="msr">One of <see cref="SynicMsr"/>.</param>
    /// <returns>Its value; <see cref="SynicMsr.Eom"/> reads as 0.</returns>
    /// <exception cref="GeneralProtectionException">
    /// No such register, or the partition lacks <see cref="PartitionPrivileges.AccessSynicMsrs"/>.
    /// </exception>
    public ulong ReadMsr(uint msr)
    {
        CheckPrivilege(msr);
        lock (_sync)
        {
            return msr switch
            {
                SynicMsr.Scontrol => _scontrol,
                SynicMsr.Sversion => SynicMsr.Version,
                SynicMsr.Siefp => _siefp.Value,
                SynicMsr.Simp => _simp.Value,
                SynicMsr.Sirbp => _sirbp.Value,
                SynicMsr.Eom => 0,
                >= SynicMsr.Sint0 and <= SynicMsr.Sint15 => _sints[msr - SynicMsr.Sint0].Value,
                _ => throw new GeneralProtectionException($"The SynIC has no register 0x{msr:x}."),
            };
        }
    }

    /// <summary>Writes a register. A write that frees or enables a message slot delivers what waits for it.</summary>
    /// <param name="msr">One of <see cref="SynicMsr"/>.</param>
    /// <param name="value">Its new value. Reserved bits are kept as written.</param>
    /// <exception cref="GeneralProtectionException">
    /// No such register, a read-only one, a page outside the partition's memory, an unmasked vector below 16, or a
    /// partition without <see cref="PartitionPrivileges.AccessSynicMsrs"/>.
    /// </exception>
    public void WriteMsr(uint msr, ulong value)
    {
        CheckPrivilege(msr);
        int delivered = 0;
        lock (_sync)
        {
            switch (msr)
            {
                case SynicMsr.Scontrol:
                    _scontrol = value;
                    break;
                case SynicMsr.Siefp:
                    Volatile.Write(ref _eventFlagsPage, Locate(value, "SIEFP"));
                    _siefp = new SynicPageRegister(value);
                    break;
                case SynicMsr.Simp:
                    Volatile.Write(ref _messagePage, Locate(value, "SIMP"));
                    _simp = new SynicPageRegister(value);
                    break;
                case SynicMsr.Sirbp:
                    _sirbp = new SynicPageRegister(value);
                    break;
                case SynicMsr.Eom:
                    break;
                case >= SynicMsr.Sint0 and <= SynicMsr.Sint15:
                    _sints[msr - SynicMsr.Sint0] = CheckSint(msr, value);
                    break;
                case SynicMsr.Sversion:
                    throw new GeneralProtectionException($"SVERSION (0x{msr:x}) is read-only.");
                default:
                    throw new GeneralProtectionException($"The SynIC has no register 0x{msr:x}.");
            }
            if (msr != SynicMsr.Eom)
                Retarget();
            for (int sint = 0; sint < SynicMsr.SintCount; sint++)
            {
                if (DeliverNext(sint))
                    delivered |= 1 << sint;
            }
        }
        for (int sint = 0; sint < SynicMsr.SintCount; sint++)
        {
            if ((delivered >> sint & 1) != 0)
                _lines[sint].Raise(_sints[sint].Vector);
        }
        SlotsChanged?.Invoke();
    }

    /// <summary>
    /// Enables the SynIC, its two pages and one SINT: what a guest's start-up code does before it contacts VMBus.
    /// </summary>
    /// <param name="messagePage">The guest physical address of the message page.</param>
    /// <param name="eventFlagsPage">The guest physical address of the event-flags page.</param>
    /// <param name="sint">The SINT.</param>
    /// <param name="vector">Its vector.</param>
    /// <exception cref="GeneralProtectionException">A page outside the partition's memory, or a vector below 16.</exception>
    public void Enable(ulong messagePage, ulong eventFlagsPage, int sint = SynicMsr.VmBusSint, byte vector = 0xF3)
    {
        WriteMsr(SynicMsr.Simp, SynicPageRegister.Enabled(messagePage).Value);
        WriteMsr(SynicMsr.Siefp, SynicPageRegister.Enabled(eventFlagsPage).Value);
        WriteMsr(SynicMsr.Sint0 + (uint)sint, SynicSint.Unmasked(vector, autoEoi: true).Value);
        WriteMsr(SynicMsr.Scontrol, SynicMsr.ScontrolEnable);
    }

    /// <summary>Sets every register to its value after a reset. Messages in buffers stay there.</summary>
    public void Reset()
    {
        lock (_sync)
        {
            _scontrol = 0;
            _siefp = _simp = _sirbp = SynicPageRegister.Disabled;
            Volatile.Write(ref _eventFlagsPage, 0);
            Volatile.Write(ref _messagePage, 0);
            Array.Fill(_sints, SynicSint.Reset);
            Retarget();
        }
    }

    private bool IsEnabled => (_scontrol & SynicMsr.ScontrolEnable) != 0;

    private bool AcceptsMessages(int sint) => IsEnabled && _messagePage != 0 && !_sints[sint].IsMasked;

    private void Retarget()
    {
        for (int sint = 0; sint < SynicMsr.SintCount; sint++)
        {
            bool accepts = IsEnabled && _eventFlagsPage != 0 && !_sints[sint].IsMasked;
            Volatile.Write(ref _targets[sint], accepts ? new EventTarget(new SynicEventFlagsPageView(_eventFlagsPage), _sints[sint]) : null);
        }
    }

    private nint Locate(ulong value, string register)
    {
        var page = new SynicPageRegister(value);
        if (!page.IsEnabled)
            return 0;
        if (!_partition.Memory.Contains(page.Address, GuestMemory.PageSize))
            throw new GeneralProtectionException($"{register} refers to the page at 0x{page.Address:x}, beyond the partition's memory of 0x{_partition.Memory.Size:x} bytes.");
        return _partition.Memory.Translate(page.Address, GuestMemory.PageSize);
    }

    private static SynicSint CheckSint(uint msr, ulong value)
    {
        var register = new SynicSint(value);
        if (!register.IsMasked && !register.IsPolling && register.Vector < FirstVector)
            throw new GeneralProtectionException($"SINT{msr - SynicMsr.Sint0} is unmasked with vector {register.Vector}; vectors below {FirstVector} are exceptions.");
        return register;
    }

    private void CheckPrivilege(uint msr)
    {
        if ((_partition.Privileges & PartitionPrivileges.AccessSynicMsrs) == 0)
            throw new GeneralProtectionException($"The partition cannot access SynIC registers (0x{msr:x}).");
    }
}
