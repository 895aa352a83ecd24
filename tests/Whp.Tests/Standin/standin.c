// A stand-in WinHvPlatform.dll, for tests without a Windows hypervisor. It plays a guest: exits in the order they were
// put in, the SynIC's two pages in the memory it was given, notification ports and triggers with real Windows events.
// Every call is recorded with all its bytes. The prototypes are those of winhvplatform.h: another does not compile.
#include <windows.h>
#include <string.h>
#include <stdlib.h>
#include <winhvplatform.h>

#define SYNIC_STATE ((HRESULT)0x80350018)   // with and without the bit "of NT": both mean the status
#define IN_USE ((HRESULT)0xC0350019)
#define NO_PROCEDURE ((HRESULT)0x8007007F)
#define UNKNOWN_CAPABILITY ((HRESULT)0x80370300)
#define NO_VP ((HRESULT)0x80370307)
#define VP_STATE ((HRESULT)0x80370308)
#define SINTS 16
#define VPS 64
#define EXPORT __declspec(dllexport)

typedef struct { char name[48]; UINT32 length; UINT8 bytes[400]; } RECORD;
typedef struct { UINT64 gpa, size; UINT8 *at; } RANGE;
typedef struct { WHV_REGISTER_NAME name; WHV_REGISTER_VALUE value; } REGISTER;
typedef struct EXIT { WHV_RUN_VP_EXIT_CONTEXT context; BOOL handled; struct EXIT *next; } EXIT;
typedef struct {
    BOOL exists, running, cancelled;
    EXIT *queue, *current;
    REGISTER registers[64];
    UINT32 register_count, notify;          // notify: the SINTs whose free slot is asked for
    UINT64 control, simp, siefp;
    HANDLE interrupt;
} VP;
typedef struct PORT { UINT32 connection; HANDLE event; struct PORT *next; } PORT;
typedef struct PARTITION PARTITION;
typedef struct { PARTITION *partition; WHV_SYNIC_EVENT_PARAMETERS target; HANDLE event, stop, thread; } TRIGGER;
struct PARTITION {
    CRITICAL_SECTION lock;
    CONDITION_VARIABLE changed;
    BOOL set_up, deleted;
    RECORD *records; UINT32 record_count, record_room;
    RANGE ranges[16];
    VP vps[VPS];
    PORT *ports; UINT32 port_count, trigger_count;
};

// What the platform says of itself; tests change it.
static UINT64 g_present = 1, g_features = 2, g_exits = 0x7fff, g_synthetic = ~0ull, g_old;

static void put(RECORD *record, const void *bytes, UINT32 length) {
    if (record->length + length <= sizeof record->bytes) { memcpy(record->bytes + record->length, bytes, length); record->length += length; }
}
#define PUT(value) put(record, &(value), sizeof(value))

static RECORD *new_record(PARTITION *p, const char *name) {
    if (p->record_count == p->record_room) p->records = realloc(p->records, (p->record_room = p->record_room * 2 + 64) * sizeof(RECORD));
    RECORD *record = &p->records[p->record_count++];
    memset(record, 0, sizeof *record);
    strncpy(record->name, name, sizeof record->name - 1);
    return record;
}

// Opens a call: takes the lock and the record. Everything until LEAVE happens under the lock.
#define ENTER PARTITION *p = (PARTITION *)Partition; EnterCriticalSection(&p->lock); RECORD *record = new_record(p, __func__); (void)record
#define LEAVE(result) do { HRESULT r_ = (result); LeaveCriticalSection(&p->lock); return r_; } while (0)
#define NEED_VP if (VpIndex >= VPS || !p->vps[VpIndex].exists) LEAVE(NO_VP); VP *vp = &p->vps[VpIndex]

static UINT8 *memory(PARTITION *p, UINT64 gpa, UINT64 size) {
    for (int i = 0; i < 16; i++)
        if (p->ranges[i].size && gpa >= p->ranges[i].gpa && gpa + size <= p->ranges[i].gpa + p->ranges[i].size)
            return p->ranges[i].at + (gpa - p->ranges[i].gpa);
    return NULL;
}

static UINT8 *page(PARTITION *p, VP *vp, UINT64 reg) { return (vp->control & 1) && (reg & 1) ? memory(p, reg & ~0xfffull, 4096) : NULL; }

static UINT32 deliverable(PARTITION *p, VP *vp) {
    UINT8 *messages = page(p, vp, vp->simp);
    UINT32 free = 0;
    for (int sint = 0; messages && sint < SINTS; sint++)
        if (*(volatile UINT32 *)(messages + 256 * sint) == 0) free |= 1u << sint;
    return vp->notify & free;
}

static HRESULT signal_flag(PARTITION *p, WHV_SYNIC_EVENT_PARAMETERS e, WINBOOL *newly) {
    if (e.TargetSint >= SINTS || e.FlagNumber >= 2048) return E_INVALIDARG;
    if (e.VpIndex >= VPS || !p->vps[e.VpIndex].exists) return NO_VP;
    VP *vp = &p->vps[e.VpIndex];
    UINT8 *flags = page(p, vp, vp->siefp);
    if (!flags) return SYNIC_STATE;
    BOOL was = InterlockedBitTestAndSet((LONG *)(flags + 256 * e.TargetSint) + e.FlagNumber / 32, e.FlagNumber % 32);
    if (newly) *newly = !was;
    if (!was) SetEvent(vp->interrupt);
    return S_OK;
}

HRESULT WINAPI WHvGetCapability(WHV_CAPABILITY_CODE CapabilityCode, VOID *CapabilityBuffer, UINT32 CapabilityBufferSizeInBytes, UINT32 *WrittenSizeInBytes) {
    WHV_CAPABILITY c;
    UINT32 size;
    memset(&c, 0, sizeof c);
    switch (CapabilityCode) {
    case WHvCapabilityCodeHypervisorPresent: c.HypervisorPresent = (WINBOOL)g_present; size = sizeof c.HypervisorPresent; break;
    case WHvCapabilityCodeFeatures: c.Features.AsUINT64 = g_features; size = sizeof c.Features; break;
    case WHvCapabilityCodeExtendedVmExits: c.ExtendedVmExits.AsUINT64 = g_exits; size = sizeof c.ExtendedVmExits; break;
    case WHvCapabilityCodeSyntheticProcessorFeaturesBanks:
        if (!g_synthetic) return UNKNOWN_CAPABILITY;
        c.SyntheticProcessorFeaturesBanks.BanksCount = 1;
        c.SyntheticProcessorFeaturesBanks.Bank0.AsUINT64 = g_synthetic;
        size = sizeof c.SyntheticProcessorFeaturesBanks;
        break;
    default: return UNKNOWN_CAPABILITY;
    }
    if (CapabilityBufferSizeInBytes < size) return (HRESULT)0x80370301;
    memcpy(CapabilityBuffer, &c, size);
    if (WrittenSizeInBytes) *WrittenSizeInBytes = size;
    return S_OK;
}

HRESULT WINAPI WHvCreatePartition(WHV_PARTITION_HANDLE *Partition) {
    PARTITION *p = calloc(1, sizeof *p);
    if (!p) return E_OUTOFMEMORY;
    InitializeCriticalSection(&p->lock);
    InitializeConditionVariable(&p->changed);
    new_record(p, __func__);
    *Partition = p;
    return S_OK;
}

HRESULT WINAPI WHvSetPartitionProperty(WHV_PARTITION_HANDLE Partition, WHV_PARTITION_PROPERTY_CODE PropertyCode, const VOID *PropertyBuffer, UINT32 PropertyBufferSizeInBytes) {
    ENTER; PUT(PropertyCode); PUT(PropertyBufferSizeInBytes); put(record, PropertyBuffer, PropertyBufferSizeInBytes);
    LEAVE(p->set_up ? (HRESULT)0x80370304 : S_OK);
}

HRESULT WINAPI WHvSetupPartition(WHV_PARTITION_HANDLE Partition) { ENTER; p->set_up = TRUE; LEAVE(S_OK); }

// What was recorded of a partition can be read after its end: nothing of it is freed.
HRESULT WINAPI WHvDeletePartition(WHV_PARTITION_HANDLE Partition) { ENTER; p->deleted = TRUE; LEAVE(S_OK); }

HRESULT WINAPI WHvMapGpaRange(WHV_PARTITION_HANDLE Partition, VOID *SourceAddress, WHV_GUEST_PHYSICAL_ADDRESS GuestAddress, UINT64 SizeInBytes, WHV_MAP_GPA_RANGE_FLAGS Flags) {
    ENTER; PUT(GuestAddress); PUT(SizeInBytes); PUT(Flags);
    if (!p->set_up || ((UINT64)SourceAddress | GuestAddress | SizeInBytes) & 0xfff) LEAVE(E_INVALIDARG);
    for (int i = 0; i < 16; i++)
        if (!p->ranges[i].size) { p->ranges[i] = (RANGE){GuestAddress, SizeInBytes, SourceAddress}; LEAVE(S_OK); }
    LEAVE(E_OUTOFMEMORY);
}

HRESULT WINAPI WHvUnmapGpaRange(WHV_PARTITION_HANDLE Partition, WHV_GUEST_PHYSICAL_ADDRESS GuestAddress, UINT64 SizeInBytes) {
    ENTER; PUT(GuestAddress); PUT(SizeInBytes);
    for (int i = 0; i < 16; i++)
        if (p->ranges[i].size == SizeInBytes && p->ranges[i].gpa == GuestAddress) { p->ranges[i].size = 0; LEAVE(S_OK); }
    LEAVE((HRESULT)0x80370305);
}

HRESULT WINAPI WHvCreateVirtualProcessor(WHV_PARTITION_HANDLE Partition, UINT32 VpIndex, UINT32 Flags) {
    ENTER; PUT(VpIndex); PUT(Flags);
    if (!p->set_up || VpIndex >= VPS) LEAVE(E_INVALIDARG);
    if (p->vps[VpIndex].exists) LEAVE((HRESULT)0x80370306);
    p->vps[VpIndex].exists = TRUE;
    p->vps[VpIndex].interrupt = CreateEventW(NULL, FALSE, FALSE, NULL);
    LEAVE(S_OK);
}

HRESULT WINAPI WHvDeleteVirtualProcessor(WHV_PARTITION_HANDLE Partition, UINT32 VpIndex) {
    ENTER; PUT(VpIndex); NEED_VP;
    if (vp->running) LEAVE(VP_STATE);
    vp->exists = FALSE;
    if (vp->current) vp->current->handled = TRUE;
    WakeAllConditionVariable(&p->changed);
    LEAVE(S_OK);
}

HRESULT WINAPI WHvRunVirtualProcessor(WHV_PARTITION_HANDLE Partition, UINT32 VpIndex, VOID *ExitContext, UINT32 ExitContextSizeInBytes) {
    ENTER; PUT(VpIndex); PUT(ExitContextSizeInBytes); NEED_VP;
    WHV_RUN_VP_EXIT_CONTEXT *exit = ExitContext;
    // The caller's structure must be as large and as aligned as the C one.
    if (ExitContextSizeInBytes != sizeof *exit || ((UINT64)ExitContext & 15)) LEAVE(E_INVALIDARG);
    if (vp->running) LEAVE(VP_STATE);
    if (vp->current) { vp->current->handled = TRUE; vp->current = NULL; WakeAllConditionVariable(&p->changed); }
    vp->running = TRUE;
    memset(exit, 0, sizeof *exit);
    for (;;) {
        UINT32 sints = deliverable(p, vp);
        if (vp->cancelled) { vp->cancelled = FALSE; exit->ExitReason = WHvRunVpExitReasonCanceled; break; }
        if (sints) {
            vp->notify &= ~sints;
            exit->ExitReason = WHvRunVpExitReasonSynicSintDeliverable;
            exit->SynicSintDeliverable.DeliverableSints = (UINT16)sints;
            break;
        }
        if (vp->queue) { vp->current = vp->queue; vp->queue = vp->queue->next; *exit = vp->current->context; break; }
        SleepConditionVariableCS(&p->changed, &p->lock, INFINITE);
    }
    vp->running = FALSE;
    LEAVE(S_OK);
}

HRESULT WINAPI WHvCancelRunVirtualProcessor(WHV_PARTITION_HANDLE Partition, UINT32 VpIndex, UINT32 Flags) {
    ENTER; PUT(VpIndex); PUT(Flags); NEED_VP;
    vp->cancelled = TRUE;
    WakeAllConditionVariable(&p->changed);
    LEAVE(S_OK);
}

static WHV_REGISTER_VALUE *find(VP *vp, WHV_REGISTER_NAME name) {
    for (UINT32 i = 0; i < vp->register_count; i++) if (vp->registers[i].name == name) return &vp->registers[i].value;
    vp->registers[vp->register_count].name = name;
    return &vp->registers[vp->register_count++].value;
}

// Registers belong to whoever runs the VP: they cannot be reached while somebody else does, nor by way of wrong alignment.
#define REGISTERS if (vp->running) LEAVE(VP_STATE); if ((UINT64)RegisterValues & 15) LEAVE(E_INVALIDARG)

HRESULT WINAPI WHvGetVirtualProcessorRegisters(WHV_PARTITION_HANDLE Partition, UINT32 VpIndex, const WHV_REGISTER_NAME *RegisterNames, UINT32 RegisterCount, WHV_REGISTER_VALUE *RegisterValues) {
    ENTER; PUT(VpIndex); PUT(RegisterCount); put(record, RegisterNames, RegisterCount * sizeof *RegisterNames); NEED_VP; REGISTERS;
    for (UINT32 i = 0; i < RegisterCount; i++) RegisterValues[i] = *find(vp, RegisterNames[i]);
    LEAVE(S_OK);
}

HRESULT WINAPI WHvSetVirtualProcessorRegisters(WHV_PARTITION_HANDLE Partition, UINT32 VpIndex, const WHV_REGISTER_NAME *RegisterNames, UINT32 RegisterCount, const WHV_REGISTER_VALUE *RegisterValues) {
    ENTER; PUT(VpIndex); PUT(RegisterCount);
    put(record, RegisterNames, RegisterCount * sizeof *RegisterNames); put(record, RegisterValues, RegisterCount * sizeof *RegisterValues);
    NEED_VP; REGISTERS;
    for (UINT32 i = 0; i < RegisterCount; i++) {
        *find(vp, RegisterNames[i]) = RegisterValues[i];
        if (RegisterNames[i] == WHvX64RegisterDeliverabilityNotifications) vp->notify = (UINT32)(RegisterValues[i].Reg64 >> 48);
    }
    LEAVE(S_OK);
}

HRESULT WINAPI WHvPostVirtualProcessorSynicMessage(WHV_PARTITION_HANDLE Partition, UINT32 VpIndex, UINT32 SintIndex, const VOID *Message, UINT32 MessageSizeInBytes) {
    ENTER; PUT(VpIndex); PUT(SintIndex); PUT(MessageSizeInBytes); put(record, Message, MessageSizeInBytes); NEED_VP;
    if (SintIndex >= SINTS || MessageSizeInBytes != WHV_SYNIC_MESSAGE_SIZE) LEAVE(E_INVALIDARG);
    UINT8 *slot = page(p, vp, vp->simp);
    if (!slot) LEAVE(SYNIC_STATE);
    slot += 256 * SintIndex;
    if (*(volatile UINT32 *)slot) {
        InterlockedOr((LONG *)(slot + 4), 0x100);       // message pending: whoever empties the slot writes EOM
        if (*(volatile UINT32 *)slot) LEAVE(IN_USE);
    }
    memcpy(slot + 4, (const UINT8 *)Message + 4, 252);
    MemoryBarrier();
    *(volatile UINT32 *)slot = *(const UINT32 *)Message;
    SetEvent(vp->interrupt);
    LEAVE(S_OK);
}

HRESULT WINAPI WHvSignalVirtualProcessorSynicEvent(WHV_PARTITION_HANDLE Partition, WHV_SYNIC_EVENT_PARAMETERS SynicEvent, WINBOOL *NewlySignaled) {
    ENTER; PUT(SynicEvent);
    LEAVE(signal_flag(p, SynicEvent, NewlySignaled));
}

#ifndef OLD
HRESULT WINAPI WHvCreateNotificationPort(WHV_PARTITION_HANDLE Partition, const WHV_NOTIFICATION_PORT_PARAMETERS *Parameters, HANDLE EventHandle, WHV_NOTIFICATION_PORT_HANDLE *PortHandle) {
    ENTER; PUT(*Parameters);
    if (g_old) LEAVE(NO_PROCEDURE);
    if (Parameters->NotificationPortType != WHvNotificationPortTypeEvent || Parameters->Reserved) LEAVE(E_INVALIDARG);
    for (PORT *other = p->ports; other; other = other->next) if (other->connection == Parameters->Event.ConnectionId) LEAVE(E_INVALIDARG);
    PORT *port = calloc(1, sizeof *port);
    port->connection = Parameters->Event.ConnectionId;
    if (!DuplicateHandle(GetCurrentProcess(), EventHandle, GetCurrentProcess(), &port->event, 0, FALSE, DUPLICATE_SAME_ACCESS)) { free(port); LEAVE(E_HANDLE); }
    port->next = p->ports; p->ports = port; p->port_count++;
    *PortHandle = port;
    LEAVE(S_OK);
}

HRESULT WINAPI WHvSetNotificationPortProperty(WHV_PARTITION_HANDLE Partition, WHV_NOTIFICATION_PORT_HANDLE PortHandle, WHV_NOTIFICATION_PORT_PROPERTY_CODE PropertyCode, WHV_NOTIFICATION_PORT_PROPERTY PropertyValue) {
    ENTER; PUT(PropertyCode); PUT(PropertyValue);
    for (PORT *port = p->ports; port; port = port->next) if (port == PortHandle) LEAVE(S_OK);
    LEAVE(E_HANDLE);
}

HRESULT WINAPI WHvDeleteNotificationPort(WHV_PARTITION_HANDLE Partition, WHV_NOTIFICATION_PORT_HANDLE PortHandle) {
    ENTER; PORT *port = PortHandle; PUT(port->connection);
    for (PORT **link = &p->ports; *link; link = &(*link)->next)
        if (*link == port) { *link = port->next; CloseHandle(port->event); free(port); p->port_count--; LEAVE(S_OK); }
    LEAVE(E_HANDLE);
}

static DWORD WINAPI run_trigger(VOID *argument) {
    TRIGGER *t = argument;
    HANDLE handles[] = {t->stop, t->event};
    while (WaitForMultipleObjects(2, handles, FALSE, INFINITE) != WAIT_OBJECT_0) {
        EnterCriticalSection(&t->partition->lock);
        signal_flag(t->partition, t->target, NULL);
        LeaveCriticalSection(&t->partition->lock);
    }
    return 0;
}

HRESULT WINAPI WHvCreateTrigger(WHV_PARTITION_HANDLE Partition, const WHV_TRIGGER_PARAMETERS *Parameters, WHV_TRIGGER_HANDLE *TriggerHandle, HANDLE *EventHandle) {
    ENTER; PUT(*Parameters);
    if (g_old) LEAVE(NO_PROCEDURE);
    if (Parameters->TriggerType != WHvTriggerTypeSynicEvent || Parameters->Reserved) LEAVE(E_INVALIDARG);
    TRIGGER *t = calloc(1, sizeof *t);
    *t = (TRIGGER){p, Parameters->SynicEvent, CreateEventW(NULL, FALSE, FALSE, NULL), CreateEventW(NULL, TRUE, FALSE, NULL), NULL};
    t->thread = CreateThread(NULL, 0, run_trigger, t, 0, NULL);
    p->trigger_count++;
    *TriggerHandle = t;
    *EventHandle = t->event;
    LEAVE(S_OK);
}

HRESULT WINAPI WHvUpdateTriggerParameters(WHV_PARTITION_HANDLE Partition, const WHV_TRIGGER_PARAMETERS *Parameters, WHV_TRIGGER_HANDLE TriggerHandle) {
    ENTER; PUT(*Parameters);
    if (Parameters->TriggerType != WHvTriggerTypeSynicEvent || Parameters->Reserved) LEAVE(E_INVALIDARG);
    ((TRIGGER *)TriggerHandle)->target = Parameters->SynicEvent;
    LEAVE(S_OK);
}

HRESULT WINAPI WHvDeleteTrigger(WHV_PARTITION_HANDLE Partition, WHV_TRIGGER_HANDLE TriggerHandle) {
    TRIGGER *t = TriggerHandle;
    { ENTER; PUT(t->target); p->trigger_count--; LeaveCriticalSection(&p->lock); }
    (void)Partition;
    SetEvent(t->stop);
    WaitForSingleObject(t->thread, INFINITE);
    CloseHandle(t->thread); CloseHandle(t->stop); CloseHandle(t->event);
    free(t);
    return S_OK;
}
#endif

// The guest's side, for tests.

// Changes what the platform says: 0 present, 1 features, 2 exits, 3 synthetic features (0: unknown), 4 no ports and triggers.
EXPORT void WINAPI StandinSay(UINT32 what, UINT64 value) {
    switch (what) { case 0: g_present = value; break; case 1: g_features = value; break; case 2: g_exits = value; break; case 3: g_synthetic = value; break; case 4: g_old = value; break; }
}

EXPORT void WINAPI StandinSetSynic(WHV_PARTITION_HANDLE Partition, UINT32 vp, UINT64 control, UINT64 simp, UINT64 siefp) {
    PARTITION *p = Partition;
    EnterCriticalSection(&p->lock);
    p->vps[vp].control = control; p->vps[vp].simp = simp; p->vps[vp].siefp = siefp;
    LeaveCriticalSection(&p->lock);
}

// The event that stands for the interrupt of a VP. Stays the stand-in's.
EXPORT HANDLE WINAPI StandinInterrupt(WHV_PARTITION_HANDLE Partition, UINT32 vp) { return ((PARTITION *)Partition)->vps[vp].interrupt; }

EXPORT void WINAPI StandinEom(WHV_PARTITION_HANDLE Partition) {
    PARTITION *p = Partition;
    EnterCriticalSection(&p->lock);
    WakeAllConditionVariable(&p->changed);
    LeaveCriticalSection(&p->lock);
}

// Has a VP exit. Returns when the VP is run again, FALSE when that does not happen for 30 s.
EXPORT WINBOOL WINAPI StandinExit(WHV_PARTITION_HANDLE Partition, UINT32 vp, const VOID *context) {
    PARTITION *p = Partition;
    EXIT *exit = calloc(1, sizeof *exit);
    EnterCriticalSection(&p->lock);
    memcpy(&exit->context, context, sizeof exit->context);
    EXIT **end = &p->vps[vp].queue;
    while (*end) end = &(*end)->next;
    *end = exit;
    WakeAllConditionVariable(&p->changed);
    while (!exit->handled && SleepConditionVariableCS(&p->changed, &p->lock, 30000)) {}
    BOOL handled = exit->handled;
    LeaveCriticalSection(&p->lock);
    return handled;
}

EXPORT UINT64 WINAPI StandinRegister(WHV_PARTITION_HANDLE Partition, UINT32 vp, UINT32 name) {
    PARTITION *p = Partition;
    EnterCriticalSection(&p->lock);
    UINT64 value = find(&p->vps[vp], (WHV_REGISTER_NAME)name)->Reg64;
    LeaveCriticalSection(&p->lock);
    return value;
}

// A fast HvSignalEvent that the hypervisor answers itself: TRUE when a notification port took it.
EXPORT WINBOOL WINAPI StandinSignalPort(WHV_PARTITION_HANDLE Partition, UINT32 connection) {
    PARTITION *p = Partition;
    BOOL found = FALSE;
    EnterCriticalSection(&p->lock);
    for (PORT *port = p->ports; port; port = port->next) if (port->connection == connection) { SetEvent(port->event); found = TRUE; }
    LeaveCriticalSection(&p->lock);
    return found;
}

EXPORT UINT32 WINAPI StandinRecordCount(WHV_PARTITION_HANDLE Partition) {
    PARTITION *p = Partition;
    EnterCriticalSection(&p->lock);
    UINT32 count = p->record_count;
    LeaveCriticalSection(&p->lock);
    return count;
}

EXPORT UINT32 WINAPI StandinRecord(WHV_PARTITION_HANDLE Partition, UINT32 index, char *name48, UINT8 *bytes400) {
    PARTITION *p = Partition;
    EnterCriticalSection(&p->lock);
    RECORD *record = &p->records[index];
    memcpy(name48, record->name, sizeof record->name);
    memcpy(bytes400, record->bytes, record->length);
    UINT32 length = record->length;
    LeaveCriticalSection(&p->lock);
    return length;
}

// What was not given back: ports, triggers, VPs, mappings; and the partition itself, in bit 31.
EXPORT UINT32 WINAPI StandinLeft(WHV_PARTITION_HANDLE Partition) {
    PARTITION *p = Partition;
    UINT32 left = p->port_count + p->trigger_count;
    for (int i = 0; i < VPS; i++) left += p->vps[i].exists;
    for (int i = 0; i < 16; i++) left += p->ranges[i].size != 0;
    return left | (p->deleted ? 0 : 0x80000000u);
}
